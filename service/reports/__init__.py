"""What became of the mails, in numbers that last: per mailing, per link, per day."""
