"""From a campaign file to statistics; knows a system only through ``isaclib.get_system`` (floor 3)."""
