"""What the texts of a recipe say: splits, who trains on what, how often workers exchange; and the steps of a run."""
