"""The main job: cells one after the other, their progress, learning rates and dry runs."""
