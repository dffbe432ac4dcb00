"""What the texts of a recipe say: how samples are split, how often workers exchange; and the steps of a run."""
