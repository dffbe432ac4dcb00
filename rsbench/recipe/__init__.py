"""What the texts of a recipe say: how samples are split and how often workers exchange; steps of a run."""
