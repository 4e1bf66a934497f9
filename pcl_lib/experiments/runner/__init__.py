"""Runs an experiment of any paper: trains, resumes, times, gathers. Names no paper, no network and no loss."""
