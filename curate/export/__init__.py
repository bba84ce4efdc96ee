"""What was kept, in the forms that others read: rows, tokens, a dataset card."""
