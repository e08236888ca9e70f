"""The edge to language models: requests, replies, failures, and what stands between the bridge and an endpoint."""
