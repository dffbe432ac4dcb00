"""What ``rsbench list`` lists, as rows that a table and a JSON document share."""
