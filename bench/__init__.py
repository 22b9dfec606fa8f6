"""Measurements on a sandbox on this machine: ratios that carry over, never times of AWS."""
