"""What the DNS should say about the domains we send under, and what it does say."""
