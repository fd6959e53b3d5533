"""The program over clusters of database servers, whose members are killed, frozen and cut off."""
