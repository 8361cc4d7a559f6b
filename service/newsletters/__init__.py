"""What is offered: newsletters, topics, senders, schedule."""
