"""From a distress report to the last search: cases, drift, search plans, tasks, outcomes."""
