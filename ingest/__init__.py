"""Files in: reads, maps, cleans and validates rows, quarantines the bad ones, and generates portfolios to try it on."""
