"""Commission: which rule, whose share, which band. Pure: no database, no clock."""
