"""Deciding: values in, values out. No I/O, no clock, no logging; see the map in DESIGN.md."""
