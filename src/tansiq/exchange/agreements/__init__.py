"""Channels as signed agreements: `terms` (what is agreed), `standing` (who signed, and is it in force), `templates`."""
