"""The tables of the papers, run again: settings that are frozen, runs that resume, records that say what made them."""
