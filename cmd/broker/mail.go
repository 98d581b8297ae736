package main

import (
	"errors"
	"net/url"

	"pindesk/internal/broker"
	"pindesk/internal/smtp"
)

// mailing are the settings of mails and chats.
type mailing struct {
	SMTPURL          string `name:"smtp-url" help:"Mail server: smtp://user@host:587 (STARTTLS), smtps://user@host:465 (TLS), or smtp+plain://host:25 (neither encryption nor login). Without it no mail is sent." env:"PINDESK_SMTP_URL" placeholder:"URL"`
	SMTPPassword     string `name:"smtp-password" hidden:"" help:"For PINDESK_SMTP_PASSWORD only: a command line can be read by others." env:"PINDESK_SMTP_PASSWORD" placeholder:"PASSWORD"`
	SMTPPasswordFile string `name:"smtp-password-file" help:"File with the password of the user in --smtp-url; or set PINDESK_SMTP_PASSWORD." env:"PINDESK_SMTP_PASSWORD_FILE" placeholder:"FILE"`
	MailFrom         string `help:"Sender of mails, such as \"Help desk <help@example.com>\"." env:"PINDESK_MAIL_FROM" placeholder:"ADDRESS"`
	MailTemplates    string `help:"Folder with templates of your own for mails: see docs/mail.md." env:"PINDESK_MAIL_TEMPLATES" placeholder:"DIR"`
	MailLanguage     string `help:"Language of mails: en, de, or one that --mail-templates has. (Default: ${default}.)" default:"en" env:"PINDESK_MAIL_LANGUAGE" placeholder:"LANG"`
	MailsPerHour     int    `help:"Mails that this broker takes in an hour. (Default: ${default}.)" default:"300" env:"PINDESK_MAILS_PER_HOUR" placeholder:"N"`
	MailDownloadURL  string `name:"mail-download-url" help:"Where guests get the program: mails to them show it." env:"PINDESK_MAIL_DOWNLOAD_URL" placeholder:"URL"`
	KeepChat         span   `help:"How long the chat of an ended session is kept, at most --keep-pin. (Default: ${default}.)" default:"30d" env:"PINDESK_KEEP_CHAT" placeholder:"TIME"`
}

// config checks what can be checked without a broker. No error has the password in it.
func (m mailing) config() (broker.Mail, error) {
	password := m.SMTPPassword
	switch {
	case m.KeepChat == 0:
		return broker.Mail{}, errors.New("--keep-chat must be more than 0")
	case m.MailsPerHour < 1:
		return broker.Mail{}, errors.New("--mails-per-hour must be at least 1; without --smtp-url no mail is sent")
	case m.SMTPURL == "" && (m.MailFrom != "" || m.MailTemplates != "" || m.SMTPPasswordFile != ""):
		return broker.Mail{}, errors.New("there are settings for mails but no mail server: set it by --smtp-url")
	case password != "" && m.SMTPPasswordFile != "":
		return broker.Mail{}, errors.New("give the mail server's password once: by --smtp-password-file or by PINDESK_SMTP_PASSWORD")
	case m.SMTPPasswordFile != "":
		var err error
		if password, err = smtp.ReadPassword(m.SMTPPasswordFile); err != nil {
			return broker.Mail{}, err
		}
	}
	if u, err := url.Parse(m.MailDownloadURL); err != nil || m.MailDownloadURL != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return broker.Mail{}, errors.New("--mail-download-url must be an address such as https://example.com/get-help")
	}
	return broker.Mail{
		SMTP:      smtp.Config{URL: m.SMTPURL, Password: password, From: m.MailFrom},
		Templates: m.MailTemplates, Language: m.MailLanguage, PerHour: m.MailsPerHour, Download: m.MailDownloadURL,
	}, nil
}
