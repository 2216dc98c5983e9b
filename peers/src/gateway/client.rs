//! A client that asks again and again on one connection.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Makes `times` calls, one after the other.
pub fn call(address: &str, times: u32) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut answer = [0; 4096];
    for _ in 0..times {
        stream.write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        while !is_whole(&answer[..length]) {
            let read = stream.read(&mut answer[length..]).unwrap();
            assert!(read > 0, "the gateway closed the connection");
            length += read;
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 200 "),
            "{}",
            String::from_utf8_lossy(&answer[..length])
        );
    }
}

/// Whether the head is there, and as much of a body as it tells of.
fn is_whole(answer: &[u8]) -> bool {
    let text = std::str::from_utf8(answer).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    body.len() == length.unwrap().parse::<usize>().unwrap()
}
