"""The sentences of the papers as tests on campaigns: what they claim, and what the draws say."""
