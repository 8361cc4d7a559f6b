"""The words of pages and mails in the reader's language, without Flask: mails are rendered by workers."""
