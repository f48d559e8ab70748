"""What officers write to each other."""
