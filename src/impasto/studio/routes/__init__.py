"""What each address does, thin: who asks is checked before, the work is done elsewhere."""
