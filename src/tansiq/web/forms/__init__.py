"""The forms, one file per room. A form checks the shape of what was typed; what it means is for the act's rule."""
