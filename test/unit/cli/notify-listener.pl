# Receives datagrams on a Unix socket as systemd does (Node.js cannot) and prints each, its fields on lines of their own, with a line of
# dashes behind it. The first argument is the path, or an abstract name that begins with @.
use strict;
use warnings;
use Socket;

my ($name) = @ARGV;
(my $address = $name) =~ s/^@/\0/;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, sockaddr_un($address)) or die "bind $name: $!";
$| = 1;
print "listening\n---\n";
while (defined recv($socket, my $message, 65536, 0)) { print "$message\n---\n" }
