"""What can be said of a query that is not determined: ends that no model passes, and models that attain them."""
