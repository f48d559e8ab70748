"""The tests: stories through the page, rules by property, and the house rules broken one by one."""
