CREATE (w:WholeScoring)
SET w = $scoring
