//! A small DNS server on loopback: what it was told, and nothing else. The demonstration and the tests ask it.
//!
//! It answers TXT, CNAME, A and AAAA over UDP, follows CNAME records among its own names, and says NXDOMAIN
//! of names that it does not know.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// More than a query ever has.
const MAX_QUERY_BYTES: usize = 4096;
const TTL_SECONDS: u32 = 60;
/// A ring of CNAME records ends here.
const MAX_CNAMES: usize = 8;

/// Serves until it is dropped.
pub(crate) struct NameServer {
    address: SocketAddr,
    names: Arc<Mutex<Names>>,
    task: JoinHandle<()>,
}

type Names = BTreeMap<String, Records>;

#[derive(Default)]
struct Records {
    address: Option<IpAddr>,
    cname: Option<String>,
    txt: Option<String>,
    /// Says that it can't say, until the name is cleared.
    is_failing: bool,
}

#[allow(dead_code, reason = "tests include this file, and use all of it")]
impl NameServer {
    pub(crate) async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let names = Arc::default();
        let task = tokio::spawn(serve(socket, Arc::clone(&names)));
        Ok(Self {
            address,
            names,
            task,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set_txt(&self, name: &str, value: &str) {
        lock(&self.names).entry(key(name)).or_default().txt = Some(value.to_owned());
    }

    pub(crate) fn set_cname(&self, name: &str, target: &str) {
        lock(&self.names).entry(key(name)).or_default().cname = Some(key(target));
    }

    pub(crate) fn set_address(&self, name: &str, address: IpAddr) {
        lock(&self.names).entry(key(name)).or_default().address = Some(address);
    }

    /// Answers SERVFAIL for the name until it is cleared.
    pub(crate) fn fail(&self, name: &str) {
        lock(&self.names).entry(key(name)).or_default().is_failing = true;
    }

    /// Forgets all records of the name.
    pub(crate) fn clear(&self, name: &str) {
        lock(&self.names).remove(&key(name));
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, names: Arc<Mutex<Names>>) {
    let mut buffer = vec![0; MAX_QUERY_BYTES];
    // An error here is an earlier answer that nobody was left to take (ICMP), not the socket's end.
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let Some(Ok(query)) = buffer.get(..length).map(Message::from_vec) else {
            continue;
        };
        let response = answer(&query, &lock(&names));
        if let Ok(bytes) = response.to_vec() {
            let _ = socket.send_to(&bytes, client).await;
        }
    }
}

fn answer(query: &Message, names: &Names) -> Message {
    let mut response = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    response.metadata.authoritative = true;
    response.metadata.recursion_desired = query.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    for question in &query.queries {
        // Letter for letter: a resolver may write a name in random case, and look for it in the answer.
        response.add_query(question.clone());
        let name = key(&question.name().to_ascii());
        if names.get(&name).is_some_and(|records| records.is_failing) {
            response.metadata.response_code = ResponseCode::ServFail;
            continue;
        }
        match records(question, names) {
            Some(records) => {
                response.add_answers(records);
            }
            None => response.metadata.response_code = ResponseCode::NXDomain,
        }
    }
    response
}

/// The records that answer a question, after the CNAME records that lead to them; `None`: no such name.
fn records(question: &Query, names: &Names) -> Option<Vec<Record>> {
    let mut name = question.name().clone();
    let mut known = names.get(&key(&name.to_ascii()))?;
    let mut answers = Vec::new();
    for _ in 0..MAX_CNAMES {
        let Some(target) = known
            .cname
            .as_deref()
            .and_then(|target| Name::from_ascii(format!("{target}.")).ok())
        else {
            break;
        };
        let data = RData::CNAME(CNAME(target.clone()));
        answers.push(Record::from_rdata(name, TTL_SECONDS, data));
        if question.query_type() == RecordType::CNAME {
            return Some(answers);
        }
        let Some(next) = names.get(&key(&target.to_ascii())) else {
            return Some(answers);
        };
        (name, known) = (target, next);
    }
    let data = match (question.query_type(), known.address) {
        (RecordType::A, Some(IpAddr::V4(address))) => Some(RData::A(A(address))),
        (RecordType::AAAA, Some(IpAddr::V6(address))) => Some(RData::AAAA(AAAA(address))),
        (RecordType::TXT, _) => known
            .txt
            .clone()
            .map(|text| RData::TXT(TXT::new(vec![text]))),
        _ => None,
    };
    answers.extend(data.map(|data| Record::from_rdata(name, TTL_SECONDS, data)));
    Some(answers)
}

/// Names are compared without case and without the dot of the root.
fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn lock(names: &Mutex<Names>) -> MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}
