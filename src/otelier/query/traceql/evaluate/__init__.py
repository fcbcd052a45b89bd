"""TraceQL evaluated over tables of whole traces, column by column: what every plan means, whatever it reads."""
