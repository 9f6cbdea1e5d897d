//! The tree that html5ever builds.

use std::rc::Rc;

use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::INDEX;

/// A node of a tree in document order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Node {
    Comment(String),
    Element {
        attributes: Vec<(String, String)>,
        name: String,
    },
    Other(String),
    Text(String),
}

/// The tree as its nodes with their depths, parents first.
pub fn tree(dom: &RcDom) -> Vec<(usize, Node)> {
    let mut nodes = Vec::new();
    let mut open = vec![(0, Rc::clone(&dom.document))];
    while let Some((depth, node)) = open.pop() {
        nodes.push((depth, describe(&node)));
        let mut children: Vec<Handle> = node.children.borrow().clone();
        if let NodeData::Element {
            template_contents, ..
        } = &node.data
        {
            children.extend(template_contents.borrow().clone());
        }
        open.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
    }
    nodes
}

fn describe(node: &Handle) -> Node {
    match &node.data {
        NodeData::Document => Node::Other("document".into()),
        NodeData::Doctype {
            name,
            public_id,
            system_id,
        } => Node::Other(format!("doctype {name:?} {public_id:?} {system_id:?}")),
        NodeData::Text { contents } => Node::Text(contents.borrow().to_string()),
        NodeData::Comment { contents } => Node::Comment(contents.to_string()),
        NodeData::Element { name, attrs, .. } => Node::Element {
            attributes: attrs
                .borrow()
                .iter()
                .filter(|a| &*a.name.local != INDEX)
                .map(|a| (a.name.local.to_string(), a.value.to_string()))
                .collect(),
            name: format!("{} {}", name.ns, name.local),
        },
        NodeData::ProcessingInstruction { .. } => Node::Other("processing instruction".into()),
    }
}

/// The `html` element, which has the attributes of all `html` tags that browsers look at.
pub fn root(dom: &RcDom) -> Option<Handle> {
    let children = dom.document.children.borrow();
    let mut elements = children.iter();
    let is_element = |node: &&Handle| matches!(node.data, NodeData::Element { .. });
    elements.find(is_element).map(Rc::clone)
}

/// Elements of that name inside the body, templates left out.
pub fn elements_in_body(dom: &RcDom, wanted: &str) -> Vec<Handle> {
    let mut found = Vec::new();
    let mut open = vec![(false, Rc::clone(&dom.document))];
    while let Some((in_body, node)) = open.pop() {
        let mut in_body = in_body;
        if let NodeData::Element { name, .. } = &node.data {
            if in_body && &*name.local == wanted {
                found.push(Rc::clone(&node));
            }
            in_body |= &*name.local == "body";
        }
        open.extend(
            node.children
                .borrow()
                .iter()
                .map(|child| (in_body, Rc::clone(child))),
        );
    }
    found
}

pub fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    match &node.data {
        NodeData::Element { attrs, .. } => attrs
            .borrow()
            .iter()
            .find(|a| &*a.name.local == wanted)
            .map(|a| a.value.to_string()),
        _ => None,
    }
}
