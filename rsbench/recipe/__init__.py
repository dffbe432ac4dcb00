"""What the texts of a recipe say: how samples are split and dealt to workers, and how often these exchange; steps."""
