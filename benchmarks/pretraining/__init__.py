"""What an encoder of the box is made of: sentences, the teacher's vectors of them, and words."""
