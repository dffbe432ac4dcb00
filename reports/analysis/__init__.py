"""From records to methods, comparisons and conclusions."""
