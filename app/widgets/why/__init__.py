"""Why a head looks where it looks: a sentence, and the pictures and numbers that it rests on."""
