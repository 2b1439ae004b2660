"""What other systems connect to: webhooks both ways, imports."""
