"""Search theory and planning: coverage, probability of detection and success, sweep widths, the best rectangle.

Pure: positions come in as particles of a drift run, a plan goes out. Sources: IAMSAR Manual volume II, chapter 4 and
appendix N; Koopman, Search and Screening (1980); Stone, Theory of Optimal Search (1975).
"""
