"""The doctor: what is installed, reachable, writable, how big, how old and how sound, each with what to do. No personal data is told."""
