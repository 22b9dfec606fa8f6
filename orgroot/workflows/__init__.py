"""The verbs: core plus ports. No boto3, no terminal."""
