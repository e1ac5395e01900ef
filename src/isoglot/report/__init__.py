"""What people look at: tables and one self-contained HTML page. Reads results, nothing else."""
