"""Rate and distortion of learnt and classical codecs, and what each term of the D-PCC loss does."""
