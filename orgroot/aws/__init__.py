"""The only place that imports boto3: AWS behind the ports."""
