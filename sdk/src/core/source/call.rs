//! Marks the members of calls by AppSync and Bedrock.

use super::{Markers, text};
use crate::core::json::is_object;
use crate::core::json::members::{each_member, member};
use crate::core::json::text::Text;

impl Markers {
    /// Marks a member of a call by AppSync or Bedrock; its value must not be `null`.
    pub(super) fn mark_call(&mut self, name: &str, value: &str) {
        match name {
            "info" => self.mark_info(value),
            "fieldName" => self.field_name = text(value).is_some(),
            "typeName" => self.type_name = text(value).is_some(),
            "request" => {
                self.request_headers = member(value, "headers").is_some_and(|headers| is_object(headers.get()))
            }
            "actionGroup" => self.action_group = text(value).is_some(),
            "agent" => self.agent = is_object(value),
            "function" | "apiPath" => self.action |= text(value).is_some(),
            _ => {}
        }
    }

    fn mark_info(&mut self, info: &str) {
        let (mut field, mut parent, mut channel, mut namespace, mut operation) = (false, false, false, false, None);
        let read = each_member(info, |name, value| match &*name {
            "fieldName" => field = text(value.get()).is_some(),
            "parentTypeName" => parent = text(value.get()).is_some(),
            "channel" => channel = is_object(value.get()),
            "channelNamespace" => namespace = is_object(value.get()),
            "operation" => operation = text(value.get()),
            _ => {}
        });
        let operation = operation.as_ref().map(|Text(operation)| &**operation).filter(|_| read.is_ok());
        self.field = read.is_ok() && field && parent;
        self.channel = channel && namespace && matches!(operation, Some("PUBLISH" | "SUBSCRIBE"));
        self.publishes = operation == Some("PUBLISH");
    }
}
