"""Its presence puts this folder on the path, so that every test can say `from fakes…`."""
