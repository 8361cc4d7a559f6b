"""How mail leaves and what comes back: the ledger and its engine."""
