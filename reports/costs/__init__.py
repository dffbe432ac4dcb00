"""What a step costs: from a record, and by a model on links that are not there."""
