"""Files for clusters: Slurm's batch scripts, Kubernetes' manifests."""
