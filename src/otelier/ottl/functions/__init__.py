"""Every editor and converter of OTTL, by group. Importing this package registers them all."""
