"""What OpenStack knows: series and their life cycle, the module catalogue. Pure: reads packaged data, nothing else."""
