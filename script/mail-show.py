"""What lies in a Maildir: how many messages by subject, and one of them in full.   mail-show.py MAILDIR"""
import collections
import email
import email.policy
import mailbox
import re
import sys

box = mailbox.Maildir(sys.argv[1], factory=lambda f: email.message_from_binary_file(f, policy=email.policy.default))
messages = [box[k] for k in sorted(box.keys())]
print(f"\nThe mail server took {len(messages)} message{'' if len(messages) == 1 else 's'}:")
# Numbers of orders and the like differ from mail to mail; what is alike but for them is one line.
for subject, n in collections.Counter(re.sub(r"\d{3,}", "…", str(m["subject"])) for m in messages).most_common(12):
    print(f"  {n:6}  {subject}")
if messages:
    shown = messages[0]
    print("\nOne of them, its text part:\n")
    for name in ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"):
        if shown[name]:
            print(f"  {name}: {' '.join(str(shown[name]).split())}")
    body = shown.get_body(("plain", "html"))
    print()
    for line in (body.get_content() if body else "").strip().splitlines()[:40]:
        print("  | " + line)
