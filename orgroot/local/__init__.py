"""The same ports on this machine: files, ssh-keygen, memory, clock."""
